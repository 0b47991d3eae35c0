/** All cases in breakpoints.test.ts pass; `npm test` runs only a selection of them. */
import './breakpoints.test.ts';
