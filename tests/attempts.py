"""Attempts to send: bad ones that must not pass unasked, and harmless ones that must.

Every part is drawn from a seed. The words are put together here, not taken from the guards' own
tables: a table that misses a word must show.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from agent_tui.desk.guarding.findings import Kind
from agent_tui.desk.guarding.numbers import luhn


class Attempt(NamedTuple):
    """A text for the chat of `HERE`; `kinds`: one of these must be found."""

    text: str
    kinds: frozenset[Kind]


HERE = "王女士"
SAID = "收到的杯子碎了，怎么退？我的手机是 13900001111，收件人李想，订单 202611010007。"
OTHERS = {
    "陈先生": "202611190042",
    "李雷": "88812345678901",
    "Tom Baker": "A7731900452",
    "小鹿妈妈": "202611150931",
    "Natalie Wu": "2231889004517",
    "欧阳修远": "202611080715",
    "Oliver": "55512349876",
    "赵敏": "202611200003",
}

_POLITE = ("您好，", "亲，", "好的，", "抱歉让您久等了，", "", "麻烦您了，", "感谢您的耐心等待，")
_ENDS = ("。", "，请您放心。", "，有问题随时联系。", "～", "，麻烦您看一下。", "")
_EN_BEGIN = ("Hello, ", "Hi there, ", "Thank you for waiting. ", "", "Sorry about that. ")
_EN_END = (".", ", please have a look.", ". Let us know if there is anything else.", "")

# --- harmless ------------------------------------------------------------------------------------

_HARMLESS = (
    "最近的订单比较多，最快{day}可以发出",
    "最好先用原包装装好再寄回",
    "您最好拍几张照片给我们看一下",
    "这边第一时间为您处理",
    "这是您第一次购买吧，可以领{n}元新人券",
    "第一步先在订单里点申请售后，第二步填写单号",
    "最晚{day}前会给您答复",
    "退款会在{n}个工作日内原路退回到您的微信或支付宝",
    "可以用微信支付，也可以用支付宝付款",
    "关注一下物流信息，预计{day}送达",
    "面料是 100%棉，建议冷水手洗",
    "电量充到 100% 后拔掉电源就可以",
    "尺码表在详情页第{n}张图",
    "最多可以申请{n}次延长收货",
    "最新的物流显示已到达分拣中心",
    "订单 202611010007 已经帮您备注",
    "您留的手机 13900001111 还能联系上吗",
    "时间是 2026-11-{dd} 1{m}:30，地址是原来的收货地址",
    "不能保证{day}一定到，以快递实际派送为准",
    "我们无法保证所有地区次日达",
    "我们会尽快给您安排发货",
    "一定尽力帮您协调，请放心",
    "七天无理由退货需要商品完好",
    "运费险最高可赔{n}元，以保险公司为准",
    "建议您选最小的那一款，最大的会偏宽",
    "感谢您的支持，祝您生活愉快",
    "已经为您登记，专员会在 24 小时内联系",
    "快递单号 78900{dd}4567{dd}21，可以在官网查询",
    "满 299 减 {n}0，最终价格以结算页为准",
    "最后一次尝试派送是{day}",
    "客服热线 400-800-{dd}{dd}，9:00-24:00",
    "王女士，您的换货申请已经通过",
    "李想收的那个包裹已经签收",
    "发票抬头写公司还是个人呢",
    "这款是{n}年质保，凭订单就可以保修",
    "微信小程序里也能看到物流",
    "这个颜色目前有货，{day}可以发",
    "如果不合适可以换一个尺码",
    "这是目前最合适的解决办法了",
    "您看最佳的处理方式是换新还是退款",
    "优惠券每个账号限用一次，第二件半价",
    "绝对不要自行拆机，请先联系我们",
    "需要身份证的时候系统会提示您上传，不要发给客服",
    "麻烦提供一下订单号后四位",
    "收到货后 {n} 天内都可以申请",
    "这边看到您已经付了 {n}9.90 元",
)
_HARMLESS_EN = (
    "your parcel should arrive by {day}, at the latest {day}",
    "we will do our best to sort this out today",
    "the best way to return it is the label in the box",
    "please send us a photo of the damaged item",
    "the refund goes back to the card you paid with within {n} working days",
    "it is made of 100% cotton",
    "you can pay by WeChat Pay or by card",
    "we cannot guarantee delivery on {day}",
    "for the first time in a while it is back in stock",
    "no one was at home, so the courier will try again on {day}",
    "order 202611010007 left our warehouse on {day}",
    "one of our colleagues will call you back at {n} pm",
    "the tracking number is 9400{dd}0000{dd}",
    "I may be able to offer you a {n}% voucher",
    "that will not be a problem at all",
    "this is the most recent update we have",
)
_DAYS = ("明天", "后天", "周三", "今天下午", "11 月 25 日", "这周末")
_EN_DAYS = ("Monday", "tomorrow", "25 November", "the weekend")


def harmless(seed: int, count: int) -> Iterator[str]:
    """Replies that any agent may send to `HERE`."""
    rng = random.Random(seed)
    for _ in range(count):
        english = rng.random() < 0.25
        pool = _HARMLESS_EN if english else _HARMLESS
        days = _EN_DAYS if english else _DAYS
        begin, end = (_EN_BEGIN, _EN_END) if english else (_POLITE, _ENDS)
        middle = rng.sample(pool, rng.choice((1, 1, 2, 3)))
        joined = ("; " if english else "，").join(middle)
        text = joined.format(
            day=rng.choice(days), n=rng.randint(2, 9), dd=rng.randint(10, 28), m=rng.randint(0, 9)
        )
        yield rng.choice(begin) + text + rng.choice(end)


# --- bad -----------------------------------------------------------------------------------------

_SLOTS = (
    "{{ order.no }}",
    "{{customer.name}}",
    "{{",
    "}}",
    "〔订单号〕",
    "〔大概几分钟〕",
    "{% if vip %}",
    "[订单号]",
    "[Order Number]",
    "【填写日期】",
    "XXX",
    "____",
    "{order_no}",
    "${name}",
)
_CLAIMS = (
    "这是全网最低价",
    "我们是行业第一",
    "销量第一的就是这款",
    "国家级认证的品质",
    "质量绝对最好",
    "最便宜的就是我们家",
    "100%正品",
    "百分百有效",
    "全国最好的面料",
    "史上最优惠的一次",
    "独一无二的工艺",
    "无任何副作用",
    "永不褪色",
    "世界级的做工",
    "顶级面料",
    "最先进的技术",
    "第一品牌",
    "绝对安全",
    "包治百病",
    "最受欢迎的一款",
)
_CLAIMS_EN = (
    "this is the best quality in the world",
    "we are the number one brand",
    "it is 100% guaranteed",
    "you will not find the cheapest price on the market, the lowest price anywhere is ours",
    "a product with no side effects",
)
_PROMISES = (
    "我保证明天到货",
    "肯定今天送到",
    "假一赔十",
    "给您双倍赔偿",
    "终身保修",
    "无条件退款",
    "我打包票不会坏",
    "保证三天内退款到账",
    "私下给您退款",
    "一定后天送达",
)
_PROMISES_EN = (
    "I guarantee it will arrive tomorrow",
    "I promise it will arrive on Monday",
    "we give you a lifetime warranty",
    "you get full compensation",
)
_CONTACTS = (
    "加我微信聊",
    "加薇信 abc12345",
    "加 VX：kefu8899",
    "加薇❤ 详谈",
    "QQ号 123456789",
    "加qq 87654321",
    "您打 13812345678 找我",
    "电话 138 1234 5678",
    "电话 138-1234-5678",
    "去淘宝搜我们店铺更便宜",
    "到拼多多店买",
    "www.taobao.com/item123",
    "微信同号",
    "v信 hello2020",
    "联系我的个人微信",
    "转账到我的支付宝",
    "私下交易给您便宜点",
    "我的手机号是一三八一二三四五六七八",
    "邮箱 kefu2026@qq.com",
    "微信加我",
)
_CONTACTS_EN = (
    "add me on WhatsApp",
    "text my personal number",
    "message me on Telegram",
    "we can do this outside the platform",
    "add my WeChat id",
)


def _spread(text: str, rng: random.Random, sign: str) -> str:
    """A sign between two Han characters here and there."""
    out = text[:1]
    for before, after in itertools.pairwise(text):
        both = "\u4e00" <= before <= "\u9fff" and "\u4e00" <= after <= "\u9fff"
        out += (sign if both and rng.random() < 0.6 else "") + after
    return out


def _wide(text: str) -> str:
    """Letters and digits in full width."""
    return "".join(chr(ord(x) + 0xFEE0) if "!" <= x <= "~" and x != "@" else x for x in text)


def disguised(text: str, rng: random.Random) -> str:
    """`text` as somebody writes it who knows that it is looked for."""
    trick = rng.randrange(7)
    if trick == 0:
        return _spread(text, rng, " ")
    if trick == 1:
        return _spread(text, rng, rng.choice("·-_.*"))
    if trick == 2:
        return _wide(text)
    if trick == 3:
        return _spread(text, rng, "\u200c")
    if trick == 4:
        return text.upper()
    if trick == 5:
        return _spread(text, rng, "\u3000")
    return text


def _identity(rng: random.Random) -> str:
    body = f"110101{rng.randint(1960, 2004)}{rng.randint(1, 12):02}{rng.randint(1, 28):02}"
    body += f"{rng.randint(0, 999):03}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(x) * y for x, y in zip(body, weights, strict=True))
    return body + "10X98765432"[total % 11]


def _card(rng: random.Random) -> str:
    body = f"6222{rng.randrange(10**14):014}"
    return next(body + str(x) for x in range(10) if luhn(body + str(x)))


def _grouped(number: str, rng: random.Random) -> str:
    """A number as people write it down."""
    style = rng.randrange(4)
    if style == 0:
        return number
    if style == 1:
        return " ".join(number[at : at + 4] for at in range(0, len(number), 4))
    if style == 2:
        return _wide(number)
    return "-".join(number[at : at + 4] for at in range(0, len(number), 4))


def bad(seed: int, count: int) -> Iterator[Attempt]:
    """Attempts that must be asked about, of all sorts in turn. Stale views are no texts: those are
    tried at the workstation."""
    rng = random.Random(seed)
    sorts = ("slot", "claim", "promise", "contact", "identity", "card", "name", "number", "two")
    for index in range(count):
        yield _bad(sorts[index % len(sorts)], rng)


def _bad(sort: str, rng: random.Random) -> Attempt:
    english = rng.random() < 0.2
    (filler,) = harmless(rng.randrange(2**32), 1)
    match sort:
        case "slot":
            return _around(rng.choice(_SLOTS), filler, {Kind.SLOT}, rng)
        case "claim":
            piece = rng.choice(_CLAIMS_EN) if english else disguised(rng.choice(_CLAIMS), rng)
            return _around(piece, filler, {Kind.ABSOLUTE}, rng)
        case "promise":
            piece = rng.choice(_PROMISES_EN) if english else disguised(rng.choice(_PROMISES), rng)
            return _around(piece, filler, {Kind.PROMISE, Kind.CONTACT}, rng)
        case "contact":
            piece = rng.choice(_CONTACTS_EN) if english else disguised(rng.choice(_CONTACTS), rng)
            return _around(piece, filler, {Kind.CONTACT}, rng)
        case "identity":
            return _around(_grouped(_identity(rng), rng), filler, {Kind.IDENTITY}, rng)
        case "card":
            return _around(_grouped(_card(rng), rng), filler, {Kind.CARD}, rng)
        case "name":
            name = rng.choice(list(OTHERS))
            piece = f"{name}您好" if ord(name[0]) > 255 else f"Dear {name}"
            if ord(name[0]) > 255 and rng.random() < 0.3:
                piece = _spread(piece, rng, rng.choice((" ", "\u200c")))
            return _around(piece, filler, {Kind.CROSSED}, rng)
        case "number":
            number = rng.choice(list(OTHERS.values()))
            return _around(f"订单 {_grouped(number, rng)}", filler, {Kind.CROSSED}, rng)
        case _:
            one, two = _bad("claim", rng), _bad("number", rng)
            return Attempt(f"{one.text}\n{two.text}", two.kinds)


def _around(piece: str, filler: str, kinds: set[Kind], rng: random.Random) -> Attempt:
    border = rng.choice(("，", "。", "\n", " "))
    parts: Sequence[str] = (filler, piece) if rng.random() < 0.5 else (piece, filler)
    if rng.random() < 0.3:
        parts = (piece,)
    return Attempt(border.join(parts), frozenset(kinds))


# --- written by hand --------------------------------------------------------------------------
# Three lists, one after the other, each tried once before any pattern was mended for it: then 75,
# 69 and 95 % of the bad ones were asked about, and none, one and one of the harmless ones. Now they
# must not get worse.

BAD_BY_HAND = (
    "这款面料是业界最好的",
    "我们店的品质全国数一数二第一名",
    "全球首创技术",
    "这是市面上最便宜的价格了",
    "质量第一名的产品",
    "史上最低折扣",
    "宇宙第一好用",
    "纯天然100%无添加没有副作用",
    "绝对不会起球",
    "保您满意百分之百退款",
    "国家级非遗工艺",
    "您放心今天肯定能到货",
    "我向您保证这周一定给您送到",
    "保证后天一定收到",
    "损坏我赔您十倍",
    "坏了终身免费换",
    "我私下给您退50",
    "不走平台我给您便宜20",
    "您加一下我个人微信，方便联系",
    "我微信号是 lixiaomei88",
    "加我V：abc8899",
    "+V abc8899",
    "加个 wx 吧 kefu_001",
    "扣扣 1234567",
    "加Q 1234567890",
    "留个微信，我私聊您",
    "您打我手机 15912349876",
    "可以联系 159 1234 9876 小李",
    "我们拼多多店铺更便宜",
    "闲鱼上也有卖，便宜一半",
    "去抖音搜店铺名",
    "链接 https://item.jd.com/100012.html",
    "把钱直接转我支付宝",
    "扫这个码加我好友",
    "薇 信：li889900",
    "加➕微❤",
    "V.X lily0099",
    "微x同号",
    "威♥lily99",
    "電話一五九一二三四九八七六",
    "身份证 11010519491231002X",
    "Dear Natalie Wu, your order",
    "欧阳修远先生您好",
    "订单2231889004517已发",
    "A7731900452 has shipped",
    "小 鹿 妈 妈 您好",
    "{{name}}",
    "尊敬的{客户姓名}",
    "订单号：[请填写]",
    "快递单号（填写单号）已发出",
    "您好，XX先生",
    "we are the #1 brand in China",
    "lowest price on the market, promise",
    "I can promise you it will arrive by Friday",
    "guaranteed delivery tomorrow",
    "contact me via telegram @lily",
    "call me on my personal cell",
    "send the money to me directly by Zelle",
    "my whatsapp is +86 15912349876",
    "本店价格绝对全网最优惠",
    "这款是同类产品里最好用的",
    "我们的客服是全国最专业的",
    "业内公认第一",
    "百分百纯棉正品保证",
    "用了绝对有效果，无效退款百分之百",
    "永远不会褪色",
    "这是极品翡翠",
    "王牌爆款 NO.1",
    "肯定明天能送到您手上",
    "保证您明天上午收到",
    "一定让您满意，坏了我十倍赔偿",
    "我以人格担保今天退款",
    "先转账给我，我私下发货",
    "加我的V聊：mm20268",
    "加下我wx：dd_9988",
    "微号 ll778899",
    "v：abc12399",
    "加个Q吧 998877665",
    "企鹅 998877665",
    "我的电话 1 5 9 1 2 3 4 9 8 7 6",
    "打 159-1234-9876 找张经理",
    "叫我李姐，手机壹伍玖壹贰叁肆玖捌柒陆",
    "来我们抖音店下单立减",
    "小红书搜“青禾”找我",
    "天猫旗舰店比这里便宜",
    "复制这条打开淘宝 ￥abc123￥",
    "tmall。com 搜索",
    "身份证号码 440524 18800101 001 4",
    "赵 敏 女士您好，已发货",
    "订单55512349876显示已签收",
    "Hi Oliver, good news",
    "您的姓名：{姓名}",
    "单号 ____ 已揽收",
    "尊敬的 ${customer}",
    "时间为XX月XX日",
    "[Customer Name], hello",
    "the cheapest anywhere",
    "I guarantee you will get it tomorrow",
    "text me at my private number",
    "telegram: @shop99",
    "let's deal outside the platform",
    "咱家的质量在全国绝对排第一",
    "价格全城最低，买贵退差",
    "独家秘方熬制",
    "国宝级工艺",
    "穿一次就爱上的顶级面料",
    "用三天百分百见效",
    "保证本周内退款到您账户",
    "肯定今晚给您送达",
    "坏了十倍赔偿给您",
    "我们终身免费维修",
    "您私下联系我给您退差价",
    "这边走线下退款给您",
    "加微 l1l2l3l4",
    "加我薇信",
    "+vx: kk9090",
    "微信搜 kefu-lily",
    "扣扣三二一五六七八九",
    "我QQ是 99887766",
    "手机：1 3 7 0 0 0 0 1 1 1 1",
    "１５９ １２３４ ９８７６",
    "有事打我电话",
    "转我微信就行",
    "拼多多旗舰店更便宜",
    "shop12345.taobao.com",
    "发您一个京东链接 item.jd.com/1.html",
    "身份证是110101 19900307 4258",
    "6222021234567890128 这张卡",
    "陈 先 生，您的包裹",
    "Tom Baker 的订单",
    "单号：A-7731900452",
    "〔预计时间〕前送达",
    "亲爱的{nickname}",
    "请于____前付款",
    "订单【订单号】已发货",
    "number one choice in China",
    "We guarantee delivery by Monday",
    "I promise your parcel will arrive tomorrow",
    "my personal email is a@gmail.com",
    "ping me on whatsapp",
    "pay me directly via Venmo",
)
HARMLESS_BY_HAND = (
    "您这单最多还能改两次地址",
    "最新一批下周一到仓",
    "第一包已签收，第二包还在路上",
    "我第一反应也是发错了",
    "排第一位的是顺丰",
    "绝对值误差在两厘米内",
    "百分之百退回原账户需要三天吗？我查一下",
    "有保证金的店铺才有这个标识",
    "请您保证电话畅通",
    "无条件限制，全场可用",
    "终身会员请看会员页",
    "建议您私信店铺客服",
    "加收两元运费",
    "添加备注即可",
    "您加了两次购物车",
    "微信账单里能看到退款",
    "在抖音直播间下的单也可以查",
    "京东小哥说放门卫了",
    "您说的QQ飞车联名款没货了",
    "手机壳有三种颜色",
    "一三五发货，二四六休息",
    "2231889 这个单号没查到",
    "卡号后四位是 1234 的那张卡",
    "满 100-20，2 件 9 折，3 件 8.5 折",
    "10:00-12:00、14:00-18:00 可以送",
    "It will probably arrive tomorrow",
    "The first of these is the best fit",
    "I cannot promise a date",
    "No. 12 is out of stock",
    "We ship to all the best-known lockers",
    "最近发货有点慢，请您谅解",
    "这个尺码最合适您的身高",
    "您最好选择顺丰，最快次日达",
    "最多三天就能给您答复",
    "最新消息是包裹已到网点",
    "这是第一批货，第二批下周到",
    "第一名客户可以领礼品",
    "帮您看了一下，最低消费是39元包邮",
    "建议最大功率不要超过800W",
    "您的微信零钱会收到退款",
    "公众号里可以查看",
    "用支付宝付款会自动立减",
    "订单号 1234567890123456789 已受理",
    "顺丰单号 SF1234567890123",
    "手机尾号 1234 的收件人",
    "退款金额 128.50 元，预计 1-3 个工作日",
    "时间为 2026-11-22 13:00-15:00",
    "客服电话 95338",
    "您可以在淘宝APP的订单页申请售后",
    "京东快递明天派送",
    "不保证百分百无色差，以实物为准",
    "我们不承诺具体时间",
    "无法保证今天到货哦",
    "很难保证不掉色，建议分开洗",
    "产品不是药品，没有治疗效果",
    "绝对值得信赖的快递公司",
    "我肯定帮您跟进到底",
    "一定会尽快给您一个答复",
    "请放心，终身会员仍然有效",
    "如有问题随时联系我们",
    "微信支付优惠 5 元",
    "您加购了两件商品",
    "添加地址的时候请写清楚",
    "小心轻放，易碎品",
    "谢谢您的理解",
    "阳光房里晾晒即可",
    "方便的时候回复一下",
    "May I ask for your order number?",
    "Mark the parcel as returned",
    "The best time to call is 3 pm",
    "We hope this helps",
    "I will check and get back to you",
    "You can pay with WeChat Pay",
    "first class delivery takes two days",
    "no one promised a date",
    "100% polyester",
    "one of the best sellers this month",
    "最近一次物流更新是昨晚八点",
    "您拍下的第一件已经发出",
    "最迟周五前回复您",
    "麻烦您再等一等，最快今晚有结果",
    "建议最好别水洗",
    "价格最终以付款页面为准",
    "最大号是 XXL，您可以试试",
    "您说的最后一单我查到了",
    "一般三到五天到货，遇雨雪会慢一些",
    "不一定明天到，要看站点安排",
    "没有办法保证一定有货",
    "这款保证是原包装的",
    "请不要把验证码告诉任何人",
    "可以绑定微信收物流提醒",
    "打开支付宝扫一扫就能开票",
    "京东物流 JDVA12345678901 已出库",
    "中通 75312345678901 预计明天派件",
    "应退 59.9 元，已退 59.9 元",
    "客服工号 1024 为您服务",
    "预约时间 12 月 3 日 14:00 到 16:00",
    "2026 11 22 13 15 08 是系统时间",
    "电话 021-58881234 转 2",
    "联系电话我们已隐藏，您放心",
    "加入购物车后再点结算",
    "您的会员等级最高可以享九折",
    "这个问题第一次遇到，我问一下同事",
    "绝对不会泄露您的个人信息",
    "谢谢，祝您平安喜乐",
    "小心，盒子里有玻璃",
    "阳光强的时候不要暴晒",
    "Please allow two more days",
    "That is the best I can do",
    "May 5 is a public holiday",
    "Your guarantee runs for two years",
    "The box has no number on it",
    "Can I have the last four digits?",
    "We will email you the label",
    "Have you tried turning it off?",
    "It is our best seller",
    "Line 2 of your address is missing",
)
