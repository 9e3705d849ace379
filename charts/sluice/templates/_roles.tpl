{{- /* Made by `npm run generate`; edit the declarations in src, not this file. */ -}}
{{- define "sluice.rules.controller.workedOn" -}}
- apiGroups:
    - apps
  resources:
    - deployments
  verbs:
    - get
    - list
    - watch
    - create
    - patch
    - delete
- apiGroups:
    - apps
  resources:
    - deployments/status
  verbs:
    - patch
- apiGroups:
    - apps
  resources:
    - deployments/scale
  verbs:
    - patch
- apiGroups:
    - autoscaling
  resources:
    - horizontalpodautoscalers
  verbs:
    - get
    - list
    - watch
- apiGroups:
    - apps
  resources:
    - replicasets
  verbs:
    - get
    - list
    - delete
- apiGroups:
    - ""
  resources:
    - pods
  verbs:
    - get
    - list
    - watch
    - delete
- apiGroups:
    - ""
  resources:
    - services
  verbs:
    - get
    - list
    - watch
    - create
    - patch
    - delete
- apiGroups:
    - discovery.k8s.io
  resources:
    - endpointslices
  verbs:
    - get
    - list
    - watch
- apiGroups:
    - events.k8s.io
  resources:
    - events
  verbs:
    - create
    - patch
- apiGroups:
    - sluice.dev
  resources:
    - canarypolicies
  verbs:
    - get
    - list
    - watch
- apiGroups:
    - sluice.dev
  resources:
    - releases
  verbs:
    - get
    - list
    - watch
    - create
    - patch
    - delete
- apiGroups:
    - sluice.dev
  resources:
    - releases/status
  verbs:
    - patch
- apiGroups:
    - networking.istio.io
  resources:
    - virtualservices
  verbs:
    - get
    - list
    - watch
    - create
    - update
    - patch
    - delete
- apiGroups:
    - networking.istio.io
  resources:
    - destinationrules
  verbs:
    - get
    - list
    - watch
- apiGroups:
    - split.smi-spec.io
  resources:
    - trafficsplits
  verbs:
    - get
    - list
    - watch
    - create
    - update
    - patch
    - delete
- apiGroups:
    - networking.k8s.io
  resources:
    - networkpolicies
  verbs:
    - get
    - list
    - watch
    - create
    - update
    - patch
    - delete
- apiGroups:
    - security.istio.io
  resources:
    - authorizationpolicies
  verbs:
    - get
    - list
    - watch
    - create
    - update
    - patch
    - delete
- apiGroups:
    - security.istio.io
  resources:
    - requestauthentications
  verbs:
    - get
    - list
    - watch
    - create
    - update
    - patch
    - delete
- apiGroups:
    - security.istio.io
  resources:
    - peerauthentications
  verbs:
    - get
    - list
    - watch
    - create
    - update
    - patch
    - delete
- apiGroups:
    - networking.istio.io
  resources:
    - sidecars
  verbs:
    - get
    - list
    - watch
    - create
    - update
    - patch
    - delete
- apiGroups:
    - networking.istio.io
  resources:
    - envoyfilters
  verbs:
    - get
    - list
    - watch
    - create
    - update
    - patch
    - delete
- apiGroups:
    - extensions.istio.io
  resources:
    - wasmplugins
  verbs:
    - get
    - list
    - watch
    - create
    - update
    - patch
    - delete
- apiGroups:
    - telemetry.istio.io
  resources:
    - telemetries
  verbs:
    - get
    - list
    - watch
    - create
    - update
    - patch
    - delete
- apiGroups:
    - policy.linkerd.io
  resources:
    - servers
  verbs:
    - get
    - list
    - watch
    - create
    - update
    - patch
    - delete
- apiGroups:
    - policy.linkerd.io
  resources:
    - authorizationpolicies
  verbs:
    - get
    - list
    - watch
    - create
    - update
    - patch
    - delete
- apiGroups:
    - policy.linkerd.io
  resources:
    - serverauthorizations
  verbs:
    - get
    - list
    - watch
    - create
    - update
    - patch
    - delete
- apiGroups:
    - cilium.io
  resources:
    - ciliumnetworkpolicies
  verbs:
    - get
    - list
    - watch
- apiGroups:
    - policy
  resources:
    - poddisruptionbudgets
  verbs:
    - get
    - list
    - watch
    - create
    - update
    - patch
    - delete
- apiGroups:
    - monitoring.coreos.com
  resources:
    - podmonitors
  verbs:
    - get
    - list
    - watch
    - create
    - update
    - patch
    - delete
- apiGroups:
    - monitoring.coreos.com
  resources:
    - servicemonitors
  verbs:
    - get
    - list
    - watch
    - create
    - update
    - patch
    - delete
{{- end }}

{{- define "sluice.rules.controller.clusterWide" -}}
- apiGroups:
    - sluice.dev
  resources:
    - clustercanarypolicies
  verbs:
    - get
    - list
    - watch
- apiGroups:
    - ""
  resources:
    - namespaces
  verbs:
    - get
    - list
    - watch
- apiGroups:
    - apiextensions.k8s.io
  resources:
    - customresourcedefinitions
  verbs:
    - get
    - list
    - watch
{{- end }}

{{- define "sluice.rules.controller.own" -}}
- apiGroups:
    - coordination.k8s.io
  resources:
    - leases
  verbs:
    - create
- apiGroups:
    - coordination.k8s.io
  resources:
    - leases
  verbs:
    - get
    - list
    - watch
    - update
  resourceNames:
    - '{{ include "sluice.lease" . }}'
- apiGroups:
    - events.k8s.io
  resources:
    - events
  verbs:
    - create
    - patch
{{- end }}

{{- define "sluice.rules.webhook.workedOn" -}}
- apiGroups:
    - sluice.dev
  resources:
    - canarypolicies
  verbs:
    - get
    - list
    - watch
- apiGroups:
    - events.k8s.io
  resources:
    - events
  verbs:
    - create
    - patch
- apiGroups:
    - apps
  resources:
    - deployments
  verbs:
    - list
    - watch
- apiGroups:
    - ""
  resources:
    - persistentvolumeclaims
  verbs:
    - list
    - watch
- apiGroups:
    - policy.linkerd.io
  resources:
    - servers
  verbs:
    - list
    - watch
- apiGroups:
    - policy.linkerd.io
  resources:
    - serverauthorizations
  verbs:
    - list
    - watch
- apiGroups:
    - cilium.io
  resources:
    - ciliumnetworkpolicies
  verbs:
    - list
    - watch
- apiGroups:
    - policy
  resources:
    - poddisruptionbudgets
  verbs:
    - list
    - watch
{{- end }}

{{- define "sluice.rules.webhook.clusterWide" -}}
- apiGroups:
    - sluice.dev
  resources:
    - clustercanarypolicies
  verbs:
    - get
    - list
    - watch
- apiGroups:
    - apiextensions.k8s.io
  resources:
    - customresourcedefinitions
  verbs:
    - list
    - watch
- apiGroups:
    - ""
  resources:
    - namespaces
  verbs:
    - list
    - watch
- apiGroups:
    - admissionregistration.k8s.io
  resources:
    - mutatingwebhookconfigurations
    - validatingwebhookconfigurations
  resourceNames:
    - '{{ include "sluice.webhookName" . }}'
  verbs:
    - get
    - list
    - watch
    - patch
{{- end }}

{{- define "sluice.rules.webhook.own" -}}
- apiGroups:
    - ""
  resources:
    - secrets
  verbs:
    - create
- apiGroups:
    - ""
  resources:
    - secrets
  verbs:
    - get
    - list
    - watch
    - update
  resourceNames:
    - '{{ include "sluice.certificateSecret" . }}'
{{- end }}

{{- define "sluice.rules.webhook.ownSupplied" -}}
- apiGroups:
    - ""
  resources:
    - secrets
  verbs:
    - get
    - list
    - watch
  resourceNames:
    - '{{ include "sluice.certificateSecret" . }}'
{{- end }}
