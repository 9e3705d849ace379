/** The four kinds of admission requests, each with its own path, and their handlers. */
import type { Instant } from '../../values/time.ts';
import type { AdmissionRequest, Answer } from './admission-request.ts';
import type { AdmissionRules } from './admission-rules.ts';
import { breakGlass } from './break-glass.ts';
import { guard } from './guard.ts';
import { mutate } from './mutate.ts';
import { validate } from './validate.ts';

export type Answering = (request: AdmissionRequest, now: Instant) => Answer;

export type AdmissionAnswers = {
  readonly mutate: Answering;
  readonly validate: Answering;
  /** Requests about objects that Sluice made. */
  readonly guard: Answering;
  /** The same, from users who are allowed to bypass the guard. */
  readonly breakGlass: Answering;
};

export const admissionAnswers = (rules: AdmissionRules): AdmissionAnswers => ({
  mutate: (request, now) => mutate(request, rules, now),
  validate: (request, now) => validate(request, rules, now),
  guard: (request) => guard(request, rules.sluiceUsers),
  breakGlass: (request) => breakGlass(request, rules),
});
