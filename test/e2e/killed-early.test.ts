/** @long 170 s */
import { killedStory } from '../support/killed-story.ts';

killedStory('killed-early', [1, 2, 3, 4, 5]);
