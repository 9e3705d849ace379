import { attach } from '../../test/cluster/up.ts';
import { connectApi } from './api.ts';
import { systemClock } from '../ports/clock.ts';
const c = await attach();
const api = connectApi({ env: {}, kubeconfig: c.kubeconfig, clock: systemClock, component: 't', version: '0' });
const t0 = Date.now();
const end = AbortSignal.timeout(190000);
await Promise.all(['/apis/networking.k8s.io/v1/ingresses','/apis/apps/v1/deployments','/apis/apiextensions.k8s.io/v1/customresourcedefinitions'].map(async (path) => {
  const l: any = await api.request({ method: 'GET', path, what: 'l' });
  await api.watch({ path, what: 'w', query: { watch: 'true', allowWatchBookmarks: 'true', resourceVersion: l.metadata.resourceVersion, timeoutSeconds: '170' } }, (e) => console.log(path, ((Date.now()-t0)/1000).toFixed(0), e.type, (e.object as any).metadata?.resourceVersion, l.metadata.resourceVersion), end);
  console.log(path, 'ended', ((Date.now()-t0)/1000).toFixed(0));
}));
api.close();
