/** All cases in values.test.ts pass; `npm test` runs only a selection of them. */
import './values.test.ts';
