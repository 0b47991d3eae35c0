/** All cases in pausedSteps.test.ts pass; `npm test` runs only a selection of them. */
import './pausedSteps.test.ts';
