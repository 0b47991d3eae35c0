/** All cases in conditions.test.ts pass; `npm test` runs only a selection of them. */
import './conditions.test.ts';
