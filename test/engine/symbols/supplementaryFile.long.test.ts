/** All cases in supplementaryFile.test.ts pass; `npm test` runs only a selection of them. */
import './supplementaryFile.test.ts';
