/** All cases of values.test.ts pass; `npm test` runs a selection. */
import './values.test.ts';
