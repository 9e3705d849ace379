/** Names of request metrics in common application libraries, one row per library. The first matching row is used. */

export type RequestMetrics = {
  /** Name of the library, for the docs. */
  readonly library: string;
  /** Counter of finished requests. */
  readonly requests: string;
  /** Classic histogram of their durations. */
  readonly durations: string;
  /** Unit of `le`; seconds by default. */
  readonly unit?: 'milliseconds';
  /** gRPC calls are counted in addition to HTTP requests. All other rows count the same requests under different names. */
  readonly protocol?: 'grpc';
};

export const requestMetrics: readonly RequestMetrics[] = [
  {
    library: 'promhttp (Go), prom-client, FastAPI, Fiber and most others',
    requests: 'http_requests_total',
    durations: 'http_request_duration_seconds_bucket',
  },
  {
    library: 'prometheus-net (.NET)',
    requests: 'http_requests_received_total',
    durations: 'http_request_duration_seconds_bucket',
  },
  {
    library: 'Micrometer (Spring Boot, Quarkus, Micronaut)',
    requests: 'http_server_requests_seconds_count',
    durations: 'http_server_requests_seconds_bucket',
  },
  {
    library: 'OpenTelemetry, ASP.NET Core',
    requests: 'http_server_request_duration_seconds_count',
    durations: 'http_server_request_duration_seconds_bucket',
  },
  {
    library: 'OpenTelemetry before 1.23',
    requests: 'http_server_duration_milliseconds_count',
    durations: 'http_server_duration_milliseconds_bucket',
    unit: 'milliseconds',
  },
  {
    library: 'express-prom-bundle',
    requests: 'http_request_duration_seconds_count',
    durations: 'http_request_duration_seconds_bucket',
  },
  {
    library: 'Go kit, Sock Shop',
    requests: 'request_duration_seconds_count',
    durations: 'request_duration_seconds_bucket',
  },
  {
    library: 'Ruby client',
    requests: 'http_server_requests_total',
    durations: 'http_server_request_duration_seconds_bucket',
  },
  { library: 'Rails', requests: 'rails_requests_total', durations: 'rails_request_duration_seconds_bucket' },
  {
    library: 'Starlette',
    requests: 'starlette_requests_total',
    durations: 'starlette_request_duration_seconds_bucket',
  },
  {
    library: 'Flask',
    requests: 'flask_http_request_total',
    durations: 'flask_http_request_duration_seconds_bucket',
  },
  {
    library: 'Django',
    requests: 'django_http_responses_total_by_status_view_method_total',
    durations: 'django_http_requests_latency_seconds_by_view_method_bucket',
  },
  { library: 'Echo', requests: 'echo_requests_total', durations: 'echo_request_duration_seconds_bucket' },
  { library: 'Gin', requests: 'gin_requests_total', durations: 'gin_request_duration_seconds_bucket' },
  {
    library: 'axum',
    requests: 'axum_http_requests_total',
    durations: 'axum_http_requests_duration_seconds_bucket',
  },
  {
    library: 'gRPC',
    requests: 'grpc_server_handled_total',
    durations: 'grpc_server_handling_seconds_bucket',
    protocol: 'grpc',
  },
  {
    library: 'gRPC of OpenTelemetry',
    requests: 'rpc_server_duration_milliseconds_count',
    durations: 'rpc_server_duration_milliseconds_bucket',
    unit: 'milliseconds',
    protocol: 'grpc',
  },
];

const unique = (names: readonly string[]): readonly string[] => [...new Set(names)];

export const requestNames = unique(requestMetrics.map(({ requests }) => requests));
export const durationNames = unique(requestMetrics.map(({ durations }) => durations));

const traits = new Map(
  requestMetrics.toReversed().flatMap((row) => [[row.requests, row] as const, [row.durations, row] as const]),
);

/** `http` or `grpc`, by the name of a metric. */
export const protocolOf = (name = ''): 'http' | 'grpc' => traits.get(name)?.protocol ?? 'http';

/** Whether `le` of this metric counts milliseconds. */
export const isInMilliseconds = (name = ''): boolean => traits.get(name)?.unit === 'milliseconds';
