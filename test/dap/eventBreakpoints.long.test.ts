/** All cases in eventBreakpoints.test.ts pass; `npm test` runs only a selection of them. */
import './eventBreakpoints.test.ts';
