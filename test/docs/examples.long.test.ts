/** All cases in examples.test.ts pass; `npm test` runs only a selection of them. */
import './examples.test.ts';
