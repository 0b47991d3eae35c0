/** All cases of stopPoints.test.ts pass; `npm test` runs a selection. */
import './stopPoints.test.ts';
