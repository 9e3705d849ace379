/** The webhook configurations as a template of the chart. */
import { stringify } from 'yaml';
import type { KindUse } from '../values/kind-use.ts';
import type { JsonObject } from '../values/kube-object.ts';
import { webhookConfigurations, type WebhookConfiguration, type WebhookOptions } from './webhooks.ts';

/**
 * Placeholders for values known only at installation, and the templates that replace them. The replacement happens
 * after the objects are written as YAML, which would escape a template's own quotes.
 */
const placeholders = {
  name: ['PLACEHOLDER_NAME', '{{ include "sluice.webhookName" . }}'],
  ownNamespace: ['PLACEHOLDER_OWN_NAMESPACE', '{{ .Release.Namespace }}'],
  watchNamespace: ['PLACEHOLDER_WATCH_NAMESPACE', '{{ .Values.watchNamespace | quote }}'],
  user: ['PLACEHOLDER_USER', '{{ include "sluice.user" . }}'],
  failurePolicy: ['PLACEHOLDER_FAILURE_POLICY', '{{ .Values.webhook.failurePolicy }}'],
  labels: [
    ' PLACEHOLDER_LABELS',
    [
      '\n    {{- include "sluice.labels" (dict "root" . "component" "webhook") | nindent 4 }}',
      '{{- if eq .Values.webhook.tls.mode "cert-manager" }}',
      'annotations:',
      '  cert-manager.io/inject-ca-from: {{ .Release.Namespace }}/{{ include "sluice.webhookName" . }}',
      '{{- end }}',
    ].join('\n  '),
  ],
  caBundle: [
    '      caBundle: PLACEHOLDER_CA_BUNDLE\n',
    [
      '{{- if and (eq .Values.webhook.tls.mode "secret") .Values.webhook.tls.caBundle }}',
      'caBundle: {{ b64enc .Values.webhook.tls.caBundle }}',
      '{{- end }}\n',
    ]
      .map((line) => `      ${line}`)
      .join('\n'),
  ],
} as const;

const options: Omit<WebhookOptions, 'providerKinds'> = {
  name: placeholders.name[0],
  clientConfig: { service: { name: placeholders.name[0], namespace: placeholders.ownNamespace[0] } },
  caBundle: 'PLACEHOLDER_CA_BUNDLE',
  sluiceUsers: [placeholders.user[0]],
  failurePolicy: placeholders.failurePolicy[0] as string as WebhookOptions['failurePolicy'],
};

/** Without a `caBundle` in the chart, Helm keeps the one that was patched into the cluster. */
const documentOf = (configuration: WebhookConfiguration): string => {
  const labelled: JsonObject = {
    ...configuration,
    metadata: { name: configuration.metadata.name, labels: placeholders.labels[0].trim() },
  };
  const text = stringify(labelled, { lineWidth: 0, aliasDuplicateObjects: false });
  return Object.values(placeholders).reduce((rest, [word, template]) => rest.replaceAll(word, template), text);
};

const documents = (given: WebhookOptions): string => webhookConfigurations(given).map(documentOf).join('---\n');

/** Text of the template file: the configurations for one namespace or for all. */
export const chartWebhooks = (providerKinds: readonly KindUse[]): string =>
  [
    '{{- if .Values.watchNamespace }}\n',
    documents({ ...options, providerKinds, namespace: placeholders.watchNamespace[0] }),
    '{{- else }}\n',
    documents({ ...options, providerKinds, ownNamespace: placeholders.ownNamespace[0] }),
    '{{- end }}\n',
  ].join('');
