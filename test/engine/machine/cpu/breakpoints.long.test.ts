/** All cases of breakpoints.test.ts pass; `npm test` runs a selection. */
import './breakpoints.test.ts';
