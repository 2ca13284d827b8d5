"""The texts that `rules new` fills in: `@WORDS@` stand for what is known of the rule."""

HEAD = """\
# @TITLE@
groups:
  - name: @PROCEDURE@
    rules:
"""
RULE = """\
      # 何时算出事、为何 Say here when this is trouble, and why.
      # 改了这里，@TESTS@ 要一起改 What changes here changes in @TESTS@ too:
      #   指标 metric → series，界限 limit → values，for → eval_time，
      #   labels → exp_labels，summary → exp_annotations
      # summary：最多 40 个字符，不写会变的数 at most 40 characters, and no number that changes.
      # “or” 之后：告警期间指标消失，不算恢复 behind "or": a metric that vanishes while it fires is no recovery.
      - alert: @ALERT@
        expr: >-
          @EXPR@
          or on (@BY@)
          (group by (@BY@) (ALERTS{alertname="@ALERT@", alertstate="firing"})
          unless on (@BY@) @MEASURED@)
        for: 10s
        keep_firing_for: 10s
        labels: @LABELS@
        annotations:
          summary_zh: @SUMMARY_ZH@
          summary_en: @SUMMARY_EN@
          runbook_step: @ANCHOR@
"""
TEST = """\
# @ALERT@。跑这个测试 to run this: streamwatch rules test @PROCEDURE@/@ALERT@
# values：一秒一个值 one a second. @GOOD@+0x9 是十个 @GOOD@ is ten times @GOOD@. stale：指标消失 the metric is gone.
# @GOOD@ 还正常 is still well，@BAD@ 就出事 is trouble.
rule_files: [rules.yml]
evaluation_interval: 1s

tests:
  - name: what lasts ten seconds is told, and its end ten seconds after it
    interval: 1s
    input_series:
      - {series: '@SERIES@', values: @GOOD@+0x9 @BAD@+0x19 @GOOD@+0x30}
    alert_rule_test:
      - {alertname: @ALERT@, eval_time: 19s, exp_alerts: []}
      - alertname: @ALERT@
        eval_time: 20s
        exp_alerts: &told
          - exp_labels: @TOLD@
            exp_annotations:
              summary_zh: @SUMMARY_ZH@
              summary_en: @SUMMARY_EN@
              runbook_step: @ANCHOR@
      - {alertname: @ALERT@, eval_time: 39s, exp_alerts: *told}
      - {alertname: @ALERT@, eval_time: 40s, exp_alerts: []}

  - name: what was told goes on while it cannot be seen
    interval: 1s
    input_series:
      - {series: '@SERIES@', values: @GOOD@+0x9 @BAD@+0x14 stale}
    alert_rule_test:
      - {alertname: @ALERT@, eval_time: 1m, exp_alerts: *told}
"""
FRONT_ZH = """\
---
procedure: @PROCEDURE@
title: "@TITLE@"
---
现象：待写。
"""
FRONT_EN = """\
---
procedure: @PROCEDURE@
title: "@TITLE@"
---
Symptom: to be written.
"""
SECTION_ZH = """\
## @ALERT@ {#@ANCHOR@}
1. @ROLE_ZH@：待写，先止损再查原因 → 预期 待写；否则 待写
"""
SECTION_EN = """\
## @ALERT@ {#@ANCHOR@}
1. @ROLE_EN@: to be written; mitigate first, then look for the cause → expected: to be written; else: to be written
"""
