/** The permissions as chart partials: one named template per role. */
import { stringify } from 'yaml';
import type { KindUse } from '../values/kind-use.ts';
import {
  controllerPermissions,
  suppliedCertificateRules,
  webhookPermissions,
  type Permissions,
  type PolicyRule,
} from './rbac.ts';

/** Names that are known only at installation. */
const lease = '{{ include "sluice.lease" . }}';
const webhookNames = {
  configuration: '{{ include "sluice.webhookName" . }}',
  secret: '{{ include "sluice.certificateSecret" . }}',
};

const partial = (name: string, rules: readonly PolicyRule[]): string =>
  `{{- define "sluice.rules.${name}" -}}\n${stringify(rules, { lineWidth: 0, aliasDuplicateObjects: false })}{{- end }}\n`;

const partials = (component: string, { workedOn, clusterWide, own }: Permissions): string =>
  [
    partial(`${component}.workedOn`, workedOn),
    partial(`${component}.clusterWide`, clusterWide),
    partial(`${component}.own`, own),
  ].join('\n');

/** Text of the template file. */
export const chartRoles = (providerKinds: readonly KindUse[]): string =>
  [
    partials('controller', controllerPermissions(providerKinds, lease)),
    partials('webhook', webhookPermissions(webhookNames)),
    partial('webhook.ownSupplied', suppliedCertificateRules(webhookNames)),
  ].join('\n');
