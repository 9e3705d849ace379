import { sourceForms } from '../../src/metrics/index.ts';
import { memory } from '../../src/metrics/memory.ts';
import { metricOutside } from '../../src/outside/outside.ts';
import type { MetricSource } from '../../src/ports/metrics.ts';
import { outsideContract } from './outside-suite.ts';

outsideContract('metric sources', (clock) => {
  const answering = memory();
  answering.answer('up', 1);
  let silent = false;
  const source: MetricSource = {
    ...answering,
    fetch: (...asked) => (silent ? new Promise(() => undefined) : answering.fetch(...asked)),
  };
  const outside = metricOutside({ clock, open: () => source, forms: sourceForms, random: () => 0.5 });
  return { outside, silence: (now) => void (silent = now) };
});
