/** All cases in progress.test.ts pass; `npm test` runs only a selection of them. */
import './progress.test.ts';
