import { describe, expect, it } from '@jest/globals';
import type { PodTemplate, ServicePort } from '../../values/kube-object.ts';
import { misfit, reachableOf, type ContainerPort, type Reachable } from './apex-fit.ts';

const labels = { app: 'web' };
const pods = (...ports: readonly ContainerPort[]): Reachable => ({ labels, ports });
const apex = (selector: Record<string, string>, ...ports: readonly Partial<ServicePort>[]) => ({
  metadata: { name: 'web' },
  spec: { selector, ports: ports.map((port) => ({ port: 80, ...port })) },
});
const to = (...targets: readonly (number | string)[]) => apex(labels, ...targets.map((targetPort) => ({ targetPort })));

describe('whether a Service leads to the pods of a template', () => {
  type Row = readonly [string, ReturnType<typeof apex>, Reachable, Reachable, string | undefined];
  const rows: readonly Row[] = [
    ['the port they declare', to(8080), pods({ port: 8080 }), pods({ port: 8080 }), undefined],
    ['F2: a port that only the other template declares', to(9090), pods({ port: 8080 }), pods({ port: 9090 }), '9090'],
    ['a port that neither declares', to(9090), pods({ port: 8080 }), pods({ port: 8080 }), undefined],
    ['pods that declare nothing', to(9090), pods(), pods({ port: 9090 }), undefined],
    ['a name that they have at another number', to('http'), pods({ name: 'http', port: 1 }), pods(), undefined],
    ['F2: a name that they do not have', to('web'), pods({ name: 'http', port: 1 }), pods(), 'web'],
    ['F2: a name, and they declare nothing', to('web'), pods(), pods({ name: 'web', port: 1 }), 'none'],
    ['no targetPort: the port itself', apex(labels, { port: 8080 }), pods({ port: 8080 }), pods(), undefined],
    [
      'a port that is only added',
      to(8080, 9102),
      pods({ port: 8080 }),
      pods({ port: 8080 }, { port: 9102 }),
      undefined,
    ],
    [
      'F2: one port of two has moved',
      to(9090, 9102),
      pods({ port: 8080 }, { port: 9102 }),
      pods({ port: 9090 }, { port: 9102 }),
      'sends to port 9090, and the pods declare 8080, 9102',
    ],
    [
      'F1: a label that they do not carry',
      apex({ app: 'web', track: 'green' }, { targetPort: 8080 }),
      pods({ port: 8080 }),
      pods({ port: 8080 }),
      'selects app=web,track=green',
    ],
  ];

  it.each(rows)('%s', (...[, service, own, other, expected]) => {
    const said = misfit(service, own, other);
    expect(said).toEqual(expected === undefined ? undefined : expect.stringContaining(expected));
  });
});

describe('the ports of a template', () => {
  it('are those of its containers and of its sidecars, not those of what runs before', () => {
    const container = (containerPort: number, more = {}) => ({ ports: [{ name: 'p', containerPort }], ...more });
    const template: PodTemplate = {
      spec: {
        containers: [container(1), {}],
        initContainers: [container(2, { restartPolicy: 'Always' }), container(3)],
      },
    };
    expect(reachableOf(template).ports).toEqual([
      { name: 'p', port: 1 },
      { name: 'p', port: 2 },
    ]);
  });
});
