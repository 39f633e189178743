"""Where the time of an answer went, for who asks with ``?explain=true``."""

from __future__ import annotations

from pydantic import BaseModel, Field

from qa.retrieval.trace import PhaseName, Trace

_PHASES: tuple[PhaseName, ...] = ("encode", "search", "interaction", "rerank")


class Explanation(BaseModel):
    """``took_ms`` and ``share`` have the same parts; those of an answer that was still known have not happened."""

    took_ms: dict[str, float] = Field(
        description="framework: from the request's head until its thread begins, with reading the body and waiting; "
        "encode: the question's vectors; search: the legs that find candidates; interaction: late interaction; rerank, "
        "with a reranker; other: reading the question and all else of the answer; serialise: the reply as JSON"
    )
    share: dict[str, float] = Field(description="of all parts together, 0 to 1")
    from_cache: bool = Field(description="whether the answer was still known")

    @classmethod
    def of(cls, trace: Trace, started: int, ended: int) -> Explanation:
        """``started``: when the request had its turn, ``ended``: when its reply was written once, in nanoseconds of
        `time.perf_counter_ns`.
        """
        taken = {"framework": started - trace.began}
        phases = [phase for phase in trace.phases if phase.started >= started]
        for name in _PHASES:
            spent = [phase.ended - phase.started for phase in phases if phase.name == name]
            if spent:
                taken[name] = sum(spent)
        answering = [phase for phase in phases if phase.name == "answer"]
        answered = answering[-1].ended if answering else started
        taken["other"] = answered - started - sum(taken.get(name, 0) for name in _PHASES)
        taken["serialise"] = ended - answered
        total = max(sum(taken.values()), 1)
        return cls(
            took_ms={name: round(one / 1e6, 3) for name, one in taken.items()},
            share={name: round(one / total, 3) for name, one in taken.items()},
            from_cache="from cache" in trace.events,
        )
