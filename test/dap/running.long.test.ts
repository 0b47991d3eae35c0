/** All cases in running.test.ts pass; `npm test` runs only a selection of them. */
import './running.test.ts';
