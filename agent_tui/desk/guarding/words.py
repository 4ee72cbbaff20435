"""What may not be said to a customer: absolute claims, promises, ways around the shop.

Patterns look through `Folded.tight`, where spaces and ornaments are gone, or, for English words,
through `Folded.plain`. An alternative begins with a plain character wherever it can: then a text
that has none of them is passed over at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_WHERE = (
    "全国|全网|全球|全世界|世界|行业|业内|亚洲|国内|国际|中国|宇宙|史上|地表|市面|市场|"
    "同行|同类|全城|天下"
)
_NEUTRAL = (
    "方案|办法|方法|方式|解决|处理|路线|时间|时机|状态|途径|建议|结果|答复|速度|进展|选择|情况|效果|位置|"
    "角度|温度|比例|搭配|尺码|尺寸|使用|食用|赏味|饮用|保存|观看"
)
# Behind 第一, these only count.
_COUNTED = (
    "次|步|时|个|批|天|条|位|城|关|泉|楼|庄|村|名的?[客顾用买]|期|轮|波|页|张|件|台|人|手|阶|组|部|季|款|单|"
    "项|点|行|列|排|类|级|段|种|例|家|场|层|栏|格|年|周|月|日|份|箱|包|盒|代|眼|反应"
)
ABSOLUTE = re.compile(
    "|".join(
        (
            rf"(?:{_WHERE})(?:[上里内中的范围]|产品|产业){{0,4}}最[^新快近后早晚终]",
            r"最(?:优秀|高级|高端|先进|权威|专业|靠谱|正宗|便宜|低价|低折扣|好吃|好喝|"
            r"健康|时尚|流行|畅销|受欢迎|舒服|舒适|耐用|结实|豪华|奢华|完美|顶级|顶尖|尖端|天然|环保|"
            r"安全可靠|优质|好用的|好看的|好玩的|强大|火爆|赚钱)",
            r"最[佳优](?:的)?(?:品质|品牌|产品|质量|面料|卖家|店铺|口碑|销量|之选|设计|材质|配方)",
            rf"最好的(?!{_NEUTRAL}|时候|是|话|体验|服务)",
            r"(?:质量|品质|效果|口碑|面料|做工|材质|配置|服务|疗效)"
            r"(?:都|也|是|就是|绝对|肯定|可以说){0,2}最(?:好|高|强|优|棒|牛)",
            r"(?:价格|价位)(?:都|也|是|就是|绝对|肯定|全网|全国){0,2}最(?:低|优|便宜)",
            r"最高(?:级|品质|质量|档次|水平)",
            rf"(?:{_WHERE}|销量|销售额?|排名|排行榜?|口碑|品质|质量|评分|好评率?|淘宝|天猫|京东|类目|"
            rf"人气|热卖|热销|公认|当之无愧)[^,。!?;:、问题]{{0,4}}第[一1](?!{_COUNTED})",
            r"第[一1](?:品牌|名牌|大牌|大店|大品牌|旗舰)",
            r"no1(?![0-9a-z])|top1(?![0-9a-z])|tt1品牌",
            r"国家级|世界级|宇宙级|全球级|国宝级|殿堂级|顶级|极品|极致|"
            r"独一无二|史无前例|前无古人|绝无仅有|举世无双|无与伦比|无可比拟|"
            r"销量冠军|全网销冠|销冠|霸主|全网首|全国首|国内首|全球首|世界首|行业首|"
            r"领导品牌|领袖品牌|驰名商标|中国驰名|国家免检|质量免检|免检产品|"
            r"(?:国家|军队|部队|内部|领导|机关)(?:特供|专供)|全网最|史上最",
            r"绝对不会?(?:起球|变形|缩水|生锈|褪色|掉色|坏|过敏|漏|开裂|发黄|掉毛)|(?:永不|永远不会?|一辈子不会?)(?:褪色|变形|生锈|磨损|过期|掉色|起球|损坏|反弹|复发)|永久(?:有效|定型|脱毛|美白)",
            r"零风险|零副作用|无副作用|无任何副作用|没有任何副作用|没有副作用|毫无副作用|"
            r"包治|根治|药到病除|治愈率|有效率|祖传|秘方|立竿见影|全面抗衰",
            r"绝对(?:正品|安全|有效|保真|不会坏|不会掉色|不会褪色|最|第[一1]|没有问题|没问题|好用|可靠)",
            r"(?:100%|百分之?百|百分之?100|百分[百佰])[^,。!?;:]{0,3}?(?:正品|有效|安全|好评|满意|"
            r"成功|通过|治愈|纯天然|天然|真品|保真|无副|不会|不掉|不褪|无害|可靠|没问题|没有问题|放心|"
            r"有货|能|原装|有机|健康|见效|退款|退钱)",
        )
    )
)
ABSOLUTE_EN = re.compile(
    r"\b(?:(?:the )?(?:best|cheapest|lowest price|finest|safest|most advanced)"
    r"(?: \w+){0,3} (?:in the world|on the market|in the industry|on earth|in china|anywhere|ever)|"
    r"world'?s (?:best|first|no|number|leading|cheapest|finest)|number one (?:brand|choice|in)|"
    r"(?:no|nr)\.? ?1 (?:brand|choice|in|rated|seller)|no\. ?1 (?:brand|choice|in)|"
    r"100 ?% (?:guaranteed?|effective|safe|satisfaction|natural cure|risk[- ]free|cure)|"
    r"guaranteed (?:to cure|results|lowest)|miracle cure|zero risk|no side effects)|"
    r"# ?1 (?:brand|choice|in|rated|seller)"
)

_WX = (
    r"微信|薇信|维信|徽信|溦信|魏信|薇姓|微芯|微❤|薇❤|威❤|维❤|v❤|v信|威信|wei信|微xin|weixin|wechat"
)
_QQ = r"q❤|扣扣|抠抠|蔻蔻|企鹅号?|qq|q群|q号"
_SITES = (
    "taobao|tmall|jd|pinduoduo|yangkeduo|1688|weidian|youzan|xiaohongshu|xhslink|douyin|kuaishou|"
    "goofish|suning|dewu|amazon|ebay|aliexpress|shein|temu|etsy|shopee|lazada|walmart"
)
_SHOPS = (
    "淘宝|天猫|京东|拼多多|拼夕夕|pdd|抖音|快手|闲鱼|小红书|1688|微店|得物|某宝|某东|"
    "桃宝|掏宝|逃宝|陶宝|狗东"
)
_US = "我们家?|咱们?家?|我|本店|我家|的|一下|下|个"
CONTACT = re.compile(
    "|".join(
        (
            rf"(?:加|添加|\+|➕|扫|私|联系|留|换|互加|佳|嘉|咖)(?:{_US}|你|您|老板|客服|售后|店长|专属|私人|"
            rf"个人|工作|官方|企业|对方|好友|私下|这个){{0,4}}(?:{_WX}|{_QQ}|vx|wx|v(?![a-z])|卫星|绿泡泡|"
            r"[薇微](?![\u4e00-\u9fff]))"
            r"(?!支付|付款|零钱|退款|钱包|账单|小程序|公众号|账户|红包|里|端|服务号|通知|扫码|邮箱)",
            rf"(?:{_US})(?:私人|个人)?(?:微信|{_WX})(?:号|id|同号)?(?:是|为|:)",
            r"微信(?:号|id|同号)?(?:是|为|:)?(?:[a-z][a-z0-9_]{5,}|1[3-9]\d{9})",
            r"(?:加|\+|➕)(?:个|我|下)?q(?![a-z])|微x|微号|(?:企鹅|扣扣|抠抠)号?:?\d{5,11}|"
            r"[微v]同号?(?![\u4e00-\u9fff])|微信同号|电话同微|手机同微|同微信",
            r"薇信|微❤|薇❤|威❤|维❤|v❤|徽信|溦信|魏信|薇姓|绿泡泡|wei信|微xin|v信|扣扣号?|抠抠|蔻蔻",
            rf"(?:{_WX}|vx|{_QQ})(?:上|里)?(?:加|联系|找|搜)(?:一下|下)?(?:我|你|您|好友)|微信搜(?!索|不)",
            r"(?<![a-z0-9])(?:vx|wx)(?:号|:|是|[\u4e00-\u9fff]|$|[a-z0-9_]{5,})",
            r"(?<![a-z0-9@])qq?(?:号码?|群|是|:){1,2}\d{5,11}|(?<![a-z0-9@])qq\d{5,11}|qq群",
            r"(?:加|添加|\+)(?:我|一下|下|个|你|您){0,3}(?:好友|私人号|私号|小号)",
            r"(?:打|拨|拨打)我(?:的)?(?:电话|手机)|我(?:的)?(?:私人)?(?:手机号码?|电话号码?|私人电话|私人号码)(?:是|:)",
            r"(?:支付宝|银行卡|现金)(?:账号|账户)?(?:转|打|汇)(?:给我|到我)|(?:转账?|打款?|汇款?)(?:给|到)我(?!们)"
            r"|私下交易|线下交易|线下付款|私下付款|绕过平台|绕开平台|不走平台|避开平台|平台外(?:交易|付款)",
            rf"(?:{_SHOPS})(?:上|里|app)?搜(?!索?订单|索框|不到)|(?:{_SHOPS})[^,。!?;]{{0,4}}比[^,。!?;]{{0,6}}便宜|"
            rf"复制[^,。!?;]{{0,8}}打开(?:{_SHOPS})|在(?:{_SHOPS})(?:上|里)?找|(?:去|到|上|来|搜|搜索|逛)(?:{_US}|一?下){{0,4}}(?:{_SHOPS})"
            r"(?:平台|店铺?|旗舰店|上|里|app)?(?:搜|找|下单|买|购买|拍|关注|便宜|更)",
            rf"(?:{_SHOPS})(?:店铺?|旗舰店)(?:名|号|叫|:|搜|更便宜|便宜)|(?:{_SHOPS})搜索?(?:我们|本店|{_US})",
            rf"(?:{_SHOPS})(?:上|里)(?:也|都|还)?(?:有卖|有店|便宜|更便宜|能买|可以买)",
            r"转(?:到|给)?我(?:的|个人)?(?:支付宝|微信|银行卡|账户|账号|卡)",
            r"其他平台(?:更|比较|下单|买|购买|有)(?:便宜|优惠|划算|低)?|淘口令",
            rf"(?:{_SITES})(?:点|dot|,|。)?(?:com|cn|hk)",
        )
    )
)
CONTACT_EN = re.compile(
    r"(?<![a-z0-9])v ?: ?[a-z0-9_-]{6,}|[¥￥$][a-z0-9]{6,}[¥￥$]|"
    r"(?<![a-z0-9@])q ?q ?(?:号码?|群|是|: ?){0,3} ?\d[\d ]{4,12}|"
    r"(?<![a-z0-9@])q(?:号码?|是|: ?){1,2} ?\d{5,11}|"
    r"(?<![a-z0-9])[vw] ?x ?(?:号|是|: ?|(?!小程序|支付)[\u4e00-\u9fff]| [a-z0-9_-]{4,}|$)|"
    r"[加+➕佳嘉咖] ?(?:个|我|下)? ?v ?[x❤信]? ?[ :]+[a-z0-9_-]{4,}|"
    r"\b(?:whats ?app|telegram|t ?\. ?me ?/|wa ?\. ?me ?/|m ?\. ?tb ?\. ?cn|bit ?\. ?ly ?/|"
    r"dwz ?\. ?cn|"
    r"add me on|my (?:personal|private|own) (?:e-?mail|number|phone|whats|wechat|cell)|"
    r"outside (?:of )?(?:the |this )?(?:platform|marketplace|site|app)\b|off[- ]platform|"
    r"pay me directly|send (?:the )?money (?:to me|directly)|venmo|cash ?app|zelle|western union|"
    r"line id|we ?chat(?! ?(?:pay|wallet|mini|official))(?: id)?|vx[: ]|my wx\b|snapchat)"
)
MAIL = re.compile(
    r"[a-z0-9._+-]+ ?@ ?(?:qq|163|126|139|189|gmail|outlook|hotmail|live|sina|sohu|foxmail|yahoo|"
    r"icloud) ?\. ?com"
)

# Said before a claim or a promise, these turn it round.
_DENIES = re.compile(
    r"(?:不|无法|没法|没办法|没有办法|没有把握|没把握|难以|未必|未|并非|禁止|严禁|切勿|请勿|是否|能否|不是|非|没有|别|谁|哪)"
    r"(?:[能会敢可以够向给您你对此也再做做到出承诺说是有使用宣传称一定任何所谓的用出现])*$"
)
_DENIES_EN = re.compile(
    r"(?:not|n't|n’t|cannot|never|unable to|without|no|neither|nor|whether|if)(?: \w+){0,3} ?$"
)
_BREAKS = re.compile(r"[,。!?;:,.、\n~]")
# What is hoped for is not promised.
_HEDGES = re.compile(r"尽快|尽量|争取|努力|协助|帮您|帮你|为您|给您催|催|预计|大概|左右|核实|安排")


def denied(before: str) -> bool:
    """Whether what stands before a phrase, in tight or plain form, says the opposite."""
    clause = _BREAKS.split(before[-24:])[-1]
    return bool(_DENIES.search(clause) or _DENIES_EN.search(clause))


def hedged(piece: str) -> bool:
    """Whether a phrase with something between its parts only says what is tried."""
    return bool(_HEDGES.search(piece))


def phrases(listed: Iterable[str]) -> tuple[re.Pattern[str] | None, re.Pattern[str] | None]:
    """Patterns of phrases from the settings: those of Chinese for `tight`, Latin ones for `plain`.

    `*` stands for up to six characters (24 between Latin words) of the same clause.
    """
    han: list[str] = []
    latin: list[str] = []
    for each in listed:
        text = each.strip().lower()
        if not text.strip("*"):
            continue
        parts = [part for part in text.split("*") if part.strip()]
        if text.isascii():
            spaced = [r"\s+".join(map(re.escape, part.split())) for part in parts]
            latin.append(r"\b" + r"[^,.!?;\n]{0,24}?".join(spaced))
        else:
            joined = [re.escape("".join(part.split())) for part in parts]
            han.append(r"[^,。!?;\n]{0,6}?".join(joined))
    return (
        re.compile("|".join(han)) if han else None,
        re.compile("|".join(latin)) if latin else None,
    )
