"""Boxes and arrows in layers, top to bottom, with orthogonal edges: a small Sugiyama layout without a library.

Every arrow is cut into pieces that go down one layer, with a waypoint in each layer between; a label is such a waypoint with
a width. So boxes, labels and passing lines are all items of some layer, kept apart by construction: nothing can overlap.

Source: Sugiyama, Tagawa, Toda, "Methods for Visual Understanding of Hierarchical System Structures", 1981; coordinates by
isotonic regression (pool adjacent violators) layer by layer.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

GAP_X = 20
GAP_LINE_X = 12
TRACK_Y = 9
PAD_Y = 8
SWEEPS = 10
STRAIGHTEN_X = 6.0
"""A jog smaller than this is drawn straight."""


@dataclass(frozen=True, slots=True)
class Box:
    """A node to place: its size in pixels."""

    id: str
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Arrow:
    """An edge between two boxes; `label_width` and `label_height` are 0 where it carries none."""

    id: str
    start: str
    end: str
    label_width: float = 0
    label_height: float = 0


@dataclass(frozen=True, slots=True)
class Placed:
    """Centre and size of a box or a label."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything stands. `lines` are corner points of each arrow, from its start to its end."""

    boxes: Mapping[str, Placed]
    labels: Mapping[str, Placed]
    lines: Mapping[str, tuple[tuple[float, float], ...]]
    width: float
    height: float


@dataclass(slots=True)
class _Item:
    """A box, a label or a waypoint in one layer."""

    key: str
    width: float
    height: float
    layer: int
    x: float = 0
    y: float = 0
    is_box: bool = False


def lay_out(boxes: Sequence[Box], arrows: Sequence[Arrow], start: str) -> Layout:
    """Return the layout. Arrows that lead back (a loop) are drawn like the others, upwards.

    Layers are those of the longest way from `start`; every arrow gets a layer of its own for its label.
    """
    ranks = _ranks([box.id for box in boxes], arrows, start)
    items = {box.id: _Item(box.id, box.width, box.height, 2 * ranks[box.id], is_box=True) for box in boxes}
    chains: dict[str, list[str]] = {}
    for arrow in arrows:
        chains[arrow.id] = _chain(arrow, items)
    layers = _ordered(items, chains, [box.id for box in boxes])
    links = [(a, b) for chain in chains.values() for a, b in itertools.pairwise(chain)]
    _place_x(items, layers, links)
    return _route(items, layers, chains, arrows)


def _ranks(ids: Sequence[str], arrows: Sequence[Arrow], start: str) -> dict[str, int]:
    """Return layers by longest path over the arrows that do not lead back."""
    out: dict[str, list[str]] = {box_id: [] for box_id in ids}
    for arrow in arrows:
        out[arrow.start].append(arrow.end)
    state: dict[str, int] = {}
    order: list[str] = []
    back: set[tuple[str, str]] = set()
    for root in [start, *ids]:
        if root in state:
            continue
        stack = [(root, iter(out[root]))]
        state[root] = 1
        while stack:
            here, following = stack[-1]
            to = next(following, None)
            if to is None:
                state[here] = 2
                order.append(here)
                stack.pop()
            elif state.get(to) == 1:
                back.add((here, to))
            elif to not in state:
                state[to] = 1
                stack.append((to, iter(out[to])))
    ranks = dict.fromkeys(ids, 0)
    for here in reversed(order):
        for to in out[here]:
            if (here, to) not in back:
                ranks[to] = max(ranks[to], ranks[here] + 1)
    return ranks


def _chain(arrow: Arrow, items: dict[str, _Item]) -> list[str]:
    """Return the items that an arrow runs through, adding its label and waypoints to `items`."""
    first, last = items[arrow.start].layer, items[arrow.end].layer
    step = 1 if last > first else -1
    chain = [arrow.start]
    for layer in range(first + step, last, step):
        key = f"{arrow.id}/{layer}"
        labelled = layer == first + step
        items[key] = _Item(key, arrow.label_width if labelled else 0, arrow.label_height if labelled else 0, layer)
        chain.append(key)
    return [*chain, arrow.end]


def _ordered(items: Mapping[str, _Item], chains: Mapping[str, list[str]], ids: Sequence[str]) -> list[list[str]]:
    """Return the layers with their items in an order that crosses few lines (barycentre sweeps, the best one kept)."""
    depth = max(item.layer for item in items.values()) + 1
    layers: list[list[str]] = [[] for _ in range(depth)]
    for key, item in items.items():
        layers[item.layer].append(key)
    up: dict[str, list[str]] = {key: [] for key in items}
    down: dict[str, list[str]] = {key: [] for key in items}
    for chain in chains.values():
        for a, b in itertools.pairwise(chain):
            high, low = (a, b) if items[a].layer < items[b].layer else (b, a)
            down[high].append(low)
            up[low].append(high)
    _depth_first(layers, down, ids)
    best, fewest = [list(layer) for layer in layers], _crossings(layers, down)
    for sweep in range(SWEEPS):
        downward = sweep % 2 == 0
        near = up if downward else down
        for index in range(depth) if downward else range(depth - 1, -1, -1):
            other = layers[index + (-1 if downward else 1)] if 0 <= index + (-1 if downward else 1) < depth else []
            at = {key: place for place, key in enumerate(other)}
            own = {key: place for place, key in enumerate(layers[index])}
            layers[index].sort(key=lambda key: _mean([at[k] for k in near[key]], own[key]))
        crossings = _crossings(layers, down)
        if crossings < fewest:
            best, fewest = [list(layer) for layer in layers], crossings
    return best


def _depth_first(layers: list[list[str]], down: Mapping[str, list[str]], ids: Sequence[str]) -> None:
    """Order each layer as a walk from the start meets its items, which draws a tree without a crossing."""
    met: dict[str, int] = {}
    for root in ids:
        todo = [root]
        while todo:
            here = todo.pop()
            if here not in met:
                met[here] = len(met)
                todo.extend(reversed(down[here]))
    for layer in layers:
        layer.sort(key=lambda key: met.get(key, 0))


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _crossings(layers: Sequence[Sequence[str]], down: Mapping[str, list[str]]) -> int:
    """Return how many pairs of lines cross, layer by layer."""
    total = 0
    for upper, lower in itertools.pairwise(layers):
        at = {key: place for place, key in enumerate(lower)}
        ends = [sorted(at[low] for low in down[high]) for high in upper]
        seen: list[int] = []
        for group in ends:
            total += sum(1 for end in group for other in seen if other > end)
            seen.extend(group)
    return total


def _place_x(items: Mapping[str, _Item], layers: Sequence[Sequence[str]], links: Sequence[tuple[str, str]]) -> None:
    """Set x of every item: near the middle of its neighbours, in order, and never nearer than the gap."""
    near: dict[str, list[tuple[str, int]]] = {key: [] for key in items}
    for a, b in links:
        near[a].append((b, items[b].layer - items[a].layer))
        near[b].append((a, items[a].layer - items[b].layer))
    for layer in layers:
        _spread(items, layer, [0.0] * len(layer))
    for sweep in range(2 * SWEEPS):
        side = 0 if sweep >= 2 * SWEEPS - 4 else (-1 if sweep % 2 == 0 else 1)
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            wanted = [_pull(items, key, [k for k, way in near[key] if side in (0, way)]) for key in layer]
            _spread(items, layer, wanted)


def _pull(items: Mapping[str, _Item], key: str, near: Sequence[str]) -> float:
    """Return the weighted mean of the neighbours' x: a long line is stiff, so that it runs straight past other layers."""
    if not near:
        return items[key].x
    weights = [1 if items[key].is_box and items[k].is_box else 2 if items[key].is_box or items[k].is_box else 8 for k in near]
    return sum(weight * items[k].x for weight, k in zip(weights, near, strict=True)) / sum(weights)


def _spread(items: Mapping[str, _Item], layer: Sequence[str], wanted: Sequence[float]) -> None:
    """Set x as near to `wanted` as order and gaps allow: least squares, by pooling adjacent violators."""
    if not layer:
        return
    offsets = [0.0]
    for left, right in itertools.pairwise(layer):
        narrow = items[left].width == 0 or items[right].width == 0
        gap = GAP_LINE_X if narrow else GAP_X
        offsets.append(offsets[-1] + (items[left].width + items[right].width) / 2 + gap)
    pools: list[list[float]] = []
    for goal, offset in zip(wanted, offsets, strict=True):
        pools.append([goal - offset, 1])
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            mean, count = pools.pop()
            pools[-1] = [(pools[-1][0] * pools[-1][1] + mean * count) / (pools[-1][1] + count), pools[-1][1] + count]
    flat = [mean for mean, count in pools for _ in range(int(count))]
    for key, base, offset in zip(layer, flat, offsets, strict=True):
        items[key].x = base + offset


def _route(
    items: Mapping[str, _Item], layers: Sequence[Sequence[str]], chains: Mapping[str, list[str]], arrows: Sequence[Arrow]
) -> Layout:
    """Set y, choose ports and tracks, and return the finished layout."""
    ports = _ports(items, chains)
    hops: dict[int, list[tuple[float, float, str, int]]] = {}
    for arrow_id, chain in chains.items():
        for index, (a, b) in enumerate(itertools.pairwise(chain)):
            left, right = ports[arrow_id, index, 0], ports[arrow_id, index, 1]
            hops.setdefault(min(items[a].layer, items[b].layer), []).append((left, right, arrow_id, index))
    tracks: dict[tuple[str, int], int] = {}
    counts: dict[int, int] = {}
    for layer_index, group in hops.items():
        counts[layer_index] = _assign_tracks(group, tracks)
    tops: dict[int, float] = {}
    y = 1.0
    for index, layer in enumerate(layers):
        height = max((items[key].height for key in layer), default=0)
        for key in layer:
            items[key].y = y + height / 2
        y += height
        tops[index] = y
        y += 2 * PAD_Y + TRACK_Y * max(counts.get(index, 1) - 1, 0) if index < len(layers) - 1 else 1
    shift = 1 - min(item.x - item.width / 2 for item in items.values())
    width = max(item.x + item.width / 2 for item in items.values()) + shift + 1
    lines = {}
    for arrow in arrows:
        chain = chains[arrow.id]
        points: list[tuple[float, float]] = []
        for index, (a, b) in enumerate(itertools.pairwise(chain)):
            going_down = items[a].layer < items[b].layer
            sign = 1 if going_down else -1
            top = tops[min(items[a].layer, items[b].layer)]
            track = top + PAD_Y + TRACK_Y * tracks[arrow.id, index]
            x1, x2 = ports[arrow.id, index, 0] + shift, ports[arrow.id, index, 1] + shift
            # A line begins in the middle of its box, which is drawn over it: so it meets the outline of any shape.
            begin = items[a].y if items[a].is_box else items[a].y + sign * items[a].height / 2
            finish = items[b].y - sign * items[b].height / 2
            points += [(x1, begin), (x1, track), (x2, track), (x2, finish)]
        lines[arrow.id] = _without_repeats(points)
    placed = {key: Placed(item.x + shift, item.y, item.width, item.height) for key, item in items.items()}
    return Layout(
        boxes={key: placed[key] for key, item in items.items() if item.is_box},
        labels={arrow.id: placed[chains[arrow.id][1]] for arrow in arrows if arrow.label_width},
        lines=lines,
        width=width,
        height=y,
    )


def _ports(items: Mapping[str, _Item], chains: Mapping[str, list[str]]) -> dict[tuple[str, int, int], float]:
    """Return where each piece of each arrow leaves and enters: spread along the side of the box, in order of the far end."""
    sides: dict[tuple[str, bool], list[tuple[float, str, int, int]]] = {}
    for arrow_id, chain in chains.items():
        for index, (a, b) in enumerate(itertools.pairwise(chain)):
            below = items[b].layer > items[a].layer
            sides.setdefault((a, below), []).append((items[b].x, arrow_id, index, 0))
            sides.setdefault((b, not below), []).append((items[a].x, arrow_id, index, 1))
    ports: dict[tuple[str, int, int], float] = {}
    for (key, _), ends in sides.items():
        ends.sort()
        room = min(items[key].width * 0.5, 22.0 * (len(ends) - 1)) if items[key].is_box else 0
        for place, (_, arrow_id, index, end) in enumerate(ends):
            share = place / (len(ends) - 1) - 0.5 if len(ends) > 1 else 0
            ports[arrow_id, index, end] = items[key].x + room * share
    for (arrow_id, index, end), x in list(ports.items()):
        other = ports[arrow_id, index, 1 - end]
        if end == 1 and 0 < abs(other - x) <= STRAIGHTEN_X:
            ports[arrow_id, index, 1] = other
            if (arrow_id, index + 1, 0) in ports and not items[chains[arrow_id][index + 1]].is_box:
                ports[arrow_id, index + 1, 0] = other
    return ports


def _assign_tracks(group: list[tuple[float, float, str, int]], tracks: dict[tuple[str, int], int]) -> int:
    """Give each piece a horizontal track in its channel; pieces on one track do not touch. Return how many tracks.

    Pieces that go right are taken from the right and those that go left from the left, so that a piece does not cut the
    upright part of its neighbour.
    """
    used: list[list[tuple[float, float]]] = []
    rightward = sorted((piece for piece in group if piece[1] > piece[0]), key=lambda piece: -piece[0])
    leftward = sorted((piece for piece in group if piece[1] <= piece[0]), key=lambda piece: piece[0])
    for start, end, arrow_id, index in [*rightward, *leftward]:
        low, high = min(start, end) - 6, max(start, end) + 6
        if high - low <= 12.5:
            tracks[arrow_id, index] = 0
            continue
        track = next((place for place, spans in enumerate(used) if _free(spans, low, high)), len(used))
        if track == len(used):
            used.append([])
        used[track].append((low, high))
        tracks[arrow_id, index] = track
    return max(len(used), 1)


def _free(spans: Sequence[tuple[float, float]], low: float, high: float) -> bool:
    return all(high <= other_low or other_high <= low for other_low, other_high in spans)


def _without_repeats(points: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """Return the corners only: no point twice, none in the middle of a straight part."""
    kept: list[tuple[float, float]] = []
    for point in points:
        if kept and abs(kept[-1][0] - point[0]) < 0.05 and abs(kept[-1][1] - point[1]) < 0.05:
            continue
        while len(kept) >= 2 and (_same(kept[-2][0], kept[-1][0], point[0]) or _same(kept[-2][1], kept[-1][1], point[1])):
            kept.pop()
        kept.append(point)
    return tuple(kept)


def _same(*values: float) -> bool:
    return max(values) - min(values) < 0.05
