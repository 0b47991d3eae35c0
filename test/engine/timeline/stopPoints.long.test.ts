/** All cases in stopPoints.test.ts pass; `npm test` runs only a selection of them. */
import './stopPoints.test.ts';
