/** All cases in watchpoints.test.ts pass; `npm test` runs only a selection of them. */
import './watchpoints.test.ts';
