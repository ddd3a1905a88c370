import { expect, test } from "vitest";
import { balloonAt } from "./balloon.ts";

const SIZE = { width: 300, height: 200 };
const ROOM = { width: 800, height: 460 };

test("a balloon is above its circle, below where there is no room, and else beside it", () => {
  expect(balloonAt({ x: 400, y: 400, radius: 10 }, SIZE, ROOM)).toMatchObject({ left: 250, top: 180, side: "above" });
  expect(balloonAt({ x: 400, y: 100, radius: 10 }, SIZE, ROOM)).toMatchObject({ left: 250, top: 120, side: "below" });
  const low = { width: 800, height: 300 };
  expect(balloonAt({ x: 400, y: 150, radius: 10 }, SIZE, low)).toMatchObject({ left: 420, top: 50, side: "beside" });
  expect(balloonAt({ x: 600, y: 150, radius: 10 }, SIZE, low)).toMatchObject({ left: 280, side: "beside" });
});

test("where it fits nowhere it is lower, on the side with more room", () => {
  const small = { width: 400, height: 300 };
  expect(balloonAt({ x: 200, y: 120, radius: 10 }, SIZE, small)).toEqual({
    ...{ left: 50, top: 140, side: "below", tail: 150, most: 154 },
  });
  expect(balloonAt({ x: 200, y: 190, radius: 10 }, SIZE, small)).toMatchObject({ top: 6, side: "above", most: 164 });
});

test.for([120, 152, 240, 460])("it is within a map %i pixels high, wherever its circle is", (height) => {
  for (const width of [320, ROOM.width]) {
    for (let x = 0; x <= width; x += 20) {
      for (let y = 0; y <= height; y += 20) {
        const { left, top, most = SIZE.height } = balloonAt({ x, y, radius: 12 }, SIZE, { width, height });
        expect(left).toBeGreaterThanOrEqual(0);
        expect(top).toBeGreaterThanOrEqual(0);
        expect(left + SIZE.width).toBeLessThanOrEqual(width);
        expect(top + most).toBeLessThanOrEqual(height);
      }
    }
  }
});
