"""Memory over time for the runs, one above the other, as SVG and PNG."""

import subprocess

WIDTH, HEIGHT = 960, 250
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 46, 34
COLORS = {"none": "#c0392b", "count:24": "#8e6bbf", "headroom": "#1e8449"}
TITLES = {
    "none": "No limit",
    "count:24": "MAX_WORKERS=24",
    "headroom": "Headroom",
}
FONT = "font-family=\"DejaVu Sans, Helvetica, Arial, sans-serif\""


def draw(runs, where, out):
    """Writes incident.svg and incident.png into `out`; returns the paths that were written."""
    svg = out / "incident.svg"
    svg.write_text(_document(runs, where))
    png = svg.with_suffix(".png")
    try:
        subprocess.run(["rsvg-convert", "--zoom", "2", "-o", png, svg], check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"no PNG beside {svg}: {error}")
        return [svg]
    return [svg, png]


def _document(runs, where):
    longest = max(run.samples[-1]["seconds"] for run in runs)
    top = max(1.08, max(s["memory"] for run in runs for s in run.samples) + 0.05)
    height = 64 + HEIGHT * len(runs)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" {FONT}>',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="32" font-size="19" font-weight="bold" fill="#222">47 jobs come at once: memory of the pool over time</text>',
        f'<text x="{LEFT}" y="52" font-size="12" fill="#666">measured {where}; a dot is a job killed for want of memory; '
        "the grey line counts the jobs that wait</text>",
    ]
    for index, run in enumerate(runs):
        parts.append(f'<g transform="translate(0,{58 + index * HEIGHT})">{_panel(run, longest, top)}</g>')
    parts.append("</svg>\n")
    return "\n".join(parts)


def _panel(run, longest, top):
    plot_width, plot_height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    color = COLORS[run.name]

    def x(seconds):
        return LEFT + plot_width * seconds / longest

    def y(share):
        return TOP + plot_height * (1 - share / top)

    parts = [_caption(run), *_grid(x, y, longest)]
    points = [(x(s["seconds"]), y(s["memory"])) for s in run.samples]
    line = " ".join(f"{px:.1f},{py:.1f}" for px, py in points)
    parts.append(
        f'<polygon points="{points[0][0]:.1f},{y(0):.1f} {line} {points[-1][0]:.1f},{y(0):.1f}" fill="{color}" fill-opacity="0.18"/>'
    )
    parts.append(f'<polyline points="{line}" fill="none" stroke="{color}" stroke-width="2"/>')
    waiting = " ".join(f"{x(s['seconds']):.1f},{y(s['waiting'] / 47):.1f}" for s in run.samples)
    parts.append(f'<polyline points="{waiting}" fill="none" stroke="#999" stroke-width="1.2" stroke-dasharray="2 3"/>')
    for job in run.jobs:
        if job["outcome"] == "oom_killed":
            parts.append(f'<circle cx="{x(job["ended"]):.1f}" cy="{y(1.0):.1f}" r="4" fill="{color}" fill-opacity="0.75"/>')
    return "".join(parts)


def _caption(run):
    summary = run.summary()
    use = summary["mean_use_while_waiting"]
    facts = [
        f"{summary['finished']} of {summary['jobs']} finished",
        f"{summary['oom_killed']} killed for want of memory",
        f"{summary['makespan_seconds']:.0f} s",
    ]
    if use is not None:
        facts.append(f"{use:.0%} used while jobs wait")
    return (
        f'<text x="{LEFT}" y="{TOP - 14}" font-size="15" font-weight="bold" fill="{COLORS[run.name]}">{TITLES[run.name]}</text>'
        f'<text x="{WIDTH - RIGHT}" y="{TOP - 14}" font-size="13" text-anchor="end" fill="#333">{" · ".join(facts)}</text>'
    )


def _grid(x, y, longest):
    for share, label, stroke, dash in (
        (0.0, "0 %", "#999", ""),
        (0.6, "target 60 %", "#1e8449", "6 4"),
        (1.0, "pool 100 %", "#c0392b", ""),
    ):
        yield f'<line x1="{x(0):.1f}" x2="{x(longest):.1f}" y1="{y(share):.1f}" y2="{y(share):.1f}" stroke="{stroke}" stroke-width="1" stroke-dasharray="{dash}"/>'
        short = label.split(" ", 1)[1] if label[0].isalpha() else label
        yield f'<text x="{x(0) - 8:.1f}" y="{y(share) + 4:.1f}" font-size="11" text-anchor="end" fill="{stroke}">{short}</text>'
    step = next(s for s in (5, 10, 20, 30, 60, 120, 300) if longest / s <= 12)
    for tick in range(0, int(longest) + 1, step):
        yield f'<text x="{x(tick):.1f}" y="{y(0) + 18:.1f}" font-size="11" text-anchor="middle" fill="#666">{tick} s</text>'
        yield f'<line x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{y(0):.1f}" y2="{y(0) + 4:.1f}" stroke="#999"/>'
