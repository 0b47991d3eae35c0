/** All cases of fuzz.test.ts pass; `npm test` runs a selection. */
import './fuzz.test.ts';
