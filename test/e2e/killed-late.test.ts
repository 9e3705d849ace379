/** @long 165 s */
import { killedStory } from '../support/killed-story.ts';

killedStory('killed-late', [6, 8, 10, 12, 14]);
