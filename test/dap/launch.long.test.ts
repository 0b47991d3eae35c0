/** All cases in launch.test.ts pass; `npm test` runs only a selection of them. */
import './launch.test.ts';
