import type { Row } from './case.ts';
import { route, type GivenName } from './givens.ts';
import { held } from './states.ts';

const files = { 'route.yaml': route } as const;
const weights = `kubectl get virtualservice/web -o jsonpath='{.spec.http[0].route[*].weight}'`;
const kept = ['the split of release web-2 (50 % to web-canary) is kept; it ends with the release'] as const;

/** A tool that applies what is in Git, in the middle of a release. */
export const routesAgain: Row<GivenName> = {
  row: 'A route that carries a live split is applied again',
  answer:
    'The split is restored in the same write, so that traffic never flaps; everything else in the route is stored as sent.',
  cases: [
    {
      name: 'by kubectl apply',
      given: 'running, with a route',
      files,
      run: `kubectl apply -f route.yaml && ${weights}`,
      see: { exit: 0, says: ['virtualservice.networking.istio.io/web configured', '50 50'], warnings: kept },
      then: held('2'),
    },
    {
      name: 'by server-side apply of what kubectl apply made',
      given: 'running, with a route',
      files,
      run: `kubectl apply --server-side --force-conflicts -f route.yaml && ${weights}`,
      see: { exit: 0, says: ['virtualservice.networking.istio.io/web serverside-applied', '50 50'], warnings: kept },
      then: held('2'),
    },
    {
      name: 'by kubectl replace',
      given: 'running, with a route',
      files,
      run: `kubectl replace -f route.yaml && ${weights}`,
      see: { exit: 0, says: ['virtualservice.networking.istio.io/web replaced', '50 50'], warnings: kept },
      then: held('2'),
    },
  ],
};
