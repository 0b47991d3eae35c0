/** All cases in harts.test.ts pass; `npm test` runs only a selection of them. */
import './harts.test.ts';
