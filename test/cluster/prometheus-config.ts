import { ISTIOD_HTTP_ADDRESS } from './layout.ts';
import type { Layout } from './layout.ts';

/** A scrape target outside of pods. Default `path`: /metrics. */
export type StaticScrape = {
  readonly job: string;
  readonly targets: readonly string[];
  readonly path?: string;
  readonly labels?: Readonly<Record<string, string>>;
};

const annotation = (name: string): string => `__meta_kubernetes_pod_annotation_prometheus_io_${name}`;

const podRelabeling = [
  { source_labels: [annotation('scrape')], action: 'keep', regex: 'true' },
  { source_labels: ['__meta_kubernetes_pod_phase'], action: 'drop', regex: 'Pending|Succeeded|Failed' },
  // Discovery yields one target per container port; with the annotation's port they become the same target.
  {
    source_labels: ['__meta_kubernetes_pod_ip', annotation('port')],
    separator: ':',
    regex: '(.+:\\d+)',
    target_label: '__address__',
  },
  { source_labels: [annotation('path')], regex: '(.+)', target_label: '__metrics_path__' },
  { source_labels: ['__meta_kubernetes_namespace'], target_label: 'namespace' },
  { source_labels: ['__meta_kubernetes_pod_name'], target_label: 'pod' },
];

/**
 * Prometheus' configuration: scrapes annotated pods and static targets every second. `honor_labels` is set because the
 * test application exports the metrics of a sidecar it does not have, with that sidecar's labels.
 */
export const renderPrometheusConfig = (layout: Layout): object => ({
  global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
  scrape_configs: [
    {
      job_name: 'pods',
      honor_labels: true,
      kubernetes_sd_configs: [{ role: 'pod', kubeconfig_file: layout.kubeconfig('prometheus') }],
      relabel_configs: podRelabeling,
    },
    { job_name: 'static', honor_labels: true, file_sd_configs: [{ files: [layout.scrapeTargets] }] },
    { job_name: 'istiod', scrape_interval: '5s', static_configs: [{ targets: [ISTIOD_HTTP_ADDRESS] }] },
  ],
});

/** The file of static targets. Prometheus reloads it when it changes. */
export const renderStaticTargets = (scrape: readonly StaticScrape[]): string =>
  JSON.stringify(
    scrape.map(({ job, targets, path = '/metrics', labels = {} }) => ({
      targets,
      labels: { ...labels, job, __metrics_path__: path },
    })),
  );
