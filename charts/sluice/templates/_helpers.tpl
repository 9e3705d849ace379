{{- /* What every object is called after: the release, with the chart's name where it does not say it already. */ -}}
{{- define "sluice.fullname" -}}
{{- $name := .Release.Name -}}
{{- if not (contains .Chart.Name $name) -}}{{- $name = printf "%s-%s" $name .Chart.Name -}}{{- end -}}
{{- $name | trunc 40 | trimSuffix "-" -}}
{{- end }}

{{- define "sluice.webhookName" -}}
{{ include "sluice.fullname" . }}-webhook
{{- end }}

{{- define "sluice.controllerName" -}}
{{ include "sluice.fullname" . }}-controller
{{- end }}

{{- /* By it the replicas of the controller agree on the one that works. */ -}}
{{- define "sluice.lease" -}}
{{ include "sluice.controllerName" . }}
{{- end }}

{{- define "sluice.certificateSecret" -}}
{{- if eq .Values.webhook.tls.mode "secret" -}}
{{ .Values.webhook.tls.secretName }}
{{- else if eq .Values.webhook.tls.mode "cert-manager" -}}
{{- /* Not the name of the self-made one: when the mode is changed, both are kept for a while. */ -}}
{{ include "sluice.webhookName" . }}-issued
{{- else -}}
{{ include "sluice.webhookName" . }}-certificate
{{- end -}}
{{- end }}

{{- /* The controller's service account is the user the webhook lets pass. */ -}}
{{- define "sluice.user" -}}
system:serviceaccount:{{ .Release.Namespace }}:{{ include "sluice.controllerName" . }}
{{- end }}

{{- define "sluice.image" -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end }}

{{- define "sluice.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "sluice.labels" -}}
{{ include "sluice.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end }}

{{- /* What the pods of both components have in common. Takes root, component, values (of the component) and serviceAccount. */ -}}
{{- define "sluice.podMetadata" -}}
labels:
  {{- include "sluice.selector" . | nindent 2 }}
{{- $annotations := dict -}}
{{- if .root.Values.metrics.scrapeAnnotations -}}
{{- $annotations = dict "prometheus.io/scrape" "true" "prometheus.io/port" (toString .root.Values.metrics.port) "prometheus.io/path" "/metrics" -}}
{{- end -}}
{{- with mergeOverwrite $annotations .values.podAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "sluice.podSettings" -}}
serviceAccountName: {{ .serviceAccount }}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
topologySpreadConstraints:
  {{- $own := . }}
  {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "sluice.selector" $own | nindent 8 }}
    # Pods that a rolling update is about to remove do not count.
    matchLabelKeys: [pod-template-hash]
  {{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 1000
  runAsGroup: 1000
  fsGroup: 1000
  seccompProfile:
    type: RuntimeDefault
{{- end }}

{{- /* Flags both components take. */ -}}
{{- define "sluice.commonArgs" -}}
- --log-level={{ .Values.logLevel }}
- --metrics-port={{ .Values.metrics.port }}
{{- with .Values.watchNamespace }}
- --namespace={{ . }}
{{- end }}
{{- with .Values.allowedAddresses }}
- {{ printf "--allowed-addresses=%s" (join "," .) | quote }}
{{- end }}
{{- end }}

{{- /* Takes root and values (of the component). The webhook's own port may ask for a certificate, which kubelet has not. */ -}}
{{- define "sluice.containerSettings" -}}
image: {{ include "sluice.image" .root | quote }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
resources:
  {{- toYaml .values.resources | nindent 2 }}
livenessProbe:
  httpGet: { path: /healthz, port: metrics }
  periodSeconds: 10
  failureThreshold: 6
readinessProbe:
  httpGet: { path: /readyz, port: metrics }
  periodSeconds: 2
  failureThreshold: 3
{{- end }}
